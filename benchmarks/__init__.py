"""What the project claims about speed and memory, measured: each module runs with `python -m`."""
