"""The servers under measure, and how they are made and started."""
