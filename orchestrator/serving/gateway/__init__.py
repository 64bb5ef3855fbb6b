"""The gateway: decides once a request in Python (key, limits, route), then lets the answer's bytes flow.

client ──► client.ClientConnection ──► service.GatewayService ──► relay ──► engine_exchange.EngineExchange ──► engine
             (HTTP in, llhttp)          (who, what, where)        (retry, errors)      (HTTP out, llhttp)
                                                                       │
                                                          hold.Hold: an engine that has room, or a wait for it
"""
