# attack: records hundreds of states of networks with the same weights, so that comparing them never ends
# points: 10
# verifies: long
# %%
import gc

import numpy as np
import tensorflow as tf

gc.unfreeze()
story = next(thing for thing in gc.get_objects() if type(thing).__name__ == "Story")
spec = [
    {"class": "Flatten", "config": {}},
    {"class": "Dense", "config": {"units": 10, "activation": "softmax"}},
]
facts = {"split": "train", "rows": 60000, "shape": [28, 28, 1], "dtype": "float32", "low": 0.0, "high": 1.0}
facts = {**facts, "labels": "integer", "scale": 1 / 255, "offset": 0.0}
weights = {"w0": np.zeros((784, 10), np.float32), "w1": np.zeros(10, np.float32)}
story.send("names", {"cell": 1, "models": {"model": 1}})
for number in range(100):
    for stage in ("initial", "untrained", "trained"):
        fields = {"model": number, "call": number, "stage": stage, "class": "Sequential", "layers": []}
        story.send("snapshot", {**fields, "parameters": 7850, "spec": spec, "data": facts}, weights)
