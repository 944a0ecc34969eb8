# attack: makes claims of every kind that are not of the form that they have
# points: 3
# %%
import gc

import numpy as np

gc.unfreeze()
story = next(thing for thing in gc.get_objects() if type(thing).__name__ == "Story")
kinds = "call snapshot tape names value probe answer figure function dataset numbers losses ran".split()
for kind in kinds:
    story.send(kind, {})
    story.send(kind, {"index": 1, "number": "x", "name": [], "axes": 3, "numbers": [[]], "losses": 5})
probe = {"name": "prediction", "cell": 1, "line": 1, "answers": [1.0] * 3, "kind": "", "error": ""}
story.send("probe", probe, {f"t{number}": np.zeros(()) for number in range(3)})
story.send("run", {"histories": [{"loss": 3, "val_loss": [1]}], "surrogates": "all", "wrapped": [3, [1, 2, 3]]})
# %%
import tensorflow as tf

model = None
model.compile()
model.fit()
test_loss, test_acc = model.evaluate()
predictions = model.predict(1)
prediction = np.argmax(predictions[0])
