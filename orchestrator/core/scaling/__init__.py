"""How many replicas a pool needs: `decide` and what it is made of, for Ray Serve, for replay and for tests alike."""
