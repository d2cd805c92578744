"""Policies of AWS: what they allow, and whether each function's role allows what it calls and nothing else."""
