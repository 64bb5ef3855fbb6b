"""What runs inside Ray: the gateway and the engine replicas."""
