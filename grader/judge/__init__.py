"""Judge evidence with pytest, in the trusted process; nothing here imports TensorFlow."""
