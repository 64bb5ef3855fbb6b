"""What a cluster tells of a fleet: its RayService and its pods, as a `Fleet` and as steps of a start."""
