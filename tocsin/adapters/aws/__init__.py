"""AWS adapters: every port on AWS's own services, through low-level clients."""
