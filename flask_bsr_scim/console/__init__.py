"""What people see of a connector's requests: recorded, masked, and said in words."""
