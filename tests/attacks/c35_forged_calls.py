# attack: claims a whole lab with the recorder's own object, without a network or a training
# points: 45
# says: could not be looked at|could not be built
# %%
import gc

import numpy as np

gc.unfreeze()
story = next(thing for thing in gc.get_objects() if type(thing).__name__ == "Story")
facts = {"split": "train", "rows": 60000, "shape": [28, 28, 1], "dtype": "float32", "low": 0.0, "high": 1.0}
facts = {**facts, "labels": "integer", "scale": 1 / 255, "offset": 0.0}
test = {**facts, "split": "test", "rows": 10000}
rows = [("Flatten", [784], 0, "linear"), ("Dense", [128], 100480, "relu"), ("Dense", [10], 1290, "softmax")]
layers = [{"kind": k, "output_shape": s, "parameters": p, "activation": a, "settings": []} for k, s, p, a in rows]
story.send("names", {"cell": 1, "models": {"model": 1}})
story.send("value", {"cell": 1, "name": "train_images", "data": facts})
story.send("value", {"cell": 1, "name": "test_images", "data": test})
snapshot = {"model": 1, "call": 3, "class": "Sequential", "layers": layers, "parameters": 101770, "spec": None}
settings = {"loss": "x", "metrics": ["accuracy"], "loss_integer": 1.397, "loss_error": ""}
calls = [("compile", None, settings, {"learning_rate": 0.001}), ("fit", facts, {}, {"history": {"accuracy": [0.99]}})]
for number, (name, data, given, result) in enumerate([*calls, ("evaluate", test, {}, {"values": [0.1, 0.99]})], start=1):
    call = {"number": number, "name": name, "cell": 2, "line": number, "model": 1, "data": data}
    story.send("call", {**call, "settings": given, "result": result, "error": "", "finished": True})
story.send("snapshot", {**snapshot, "stage": "trained", "data": facts})
# %%
model = None
model.compile()
model.fit()
test_loss, test_acc = model.evaluate()


def build_fc_model():
    pass
