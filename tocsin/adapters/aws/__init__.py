"""AWS adapters: every use of boto3."""
