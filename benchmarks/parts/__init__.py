"""What is measured: each part by itself, with servers of its own."""
