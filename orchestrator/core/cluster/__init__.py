"""A Kubernetes cluster's API objects, as plain JSON, read as hosts and GPUs to plan on."""
