"""What a deployment costs: counted in a run, times list prices."""
