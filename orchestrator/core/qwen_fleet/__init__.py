"""Our own kind of Kubernetes: a fleet in ten lines, which `qorch operator` plans on its cluster and keeps right."""
