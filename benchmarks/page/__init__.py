"""What is made of the figures."""
