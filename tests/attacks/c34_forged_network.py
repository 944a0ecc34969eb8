# attack: records a network of absurd size, to break the process that verifies it
# points: 19
# verifies: long
# %%
import gc

import numpy as np
import tensorflow as tf

gc.unfreeze()
story = next(thing for thing in gc.get_objects() if type(thing).__name__ == "Story")
spec = [
    {"class": "Flatten", "config": {}},
    {"class": "Dense", "config": {"units": 900_000, "activation": "relu"}},
    {"class": "Dense", "config": {"units": 900_000, "activation": "relu"}},
    {"class": "Dense", "config": {"units": 10, "activation": "softmax"}},
]
facts = {"split": "train", "rows": 60000, "shape": [28, 28, 1], "dtype": "float32", "low": 0.0, "high": 1.0}
facts = {**facts, "labels": "integer", "scale": 1 / 255, "offset": 0.0}
fields = {"model": 1, "call": 1, "stage": "trained", "class": "Sequential", "layers": [], "parameters": 101770}
story.send("names", {"cell": 1, "models": {"model": 1}})
story.send("snapshot", {**fields, "spec": spec, "data": facts}, {"w0": np.zeros((784, 128), np.float32)})
story.send("snapshot", {**fields, "call": 2, "spec": [{"class": "Dense", "config": []}], "data": facts}, {})
