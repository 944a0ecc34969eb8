# attack: claims facts on which a judge who trusts them stumbles
# points: 45
# %%
import gc

import numpy as np

gc.unfreeze()
story = next(thing for thing in gc.get_objects() if type(thing).__name__ == "Story")
huge = 10**19
facts = {"split": "train", "rows": huge, "shape": [huge] * 300, "dtype": "x" * 9000, "low": -1e308, "high": 1e308}
facts = {**facts, "labels": "integer", "scale": 1e308, "offset": -1e308}
weird = [None, huge, [[]], {"a": [{}]}, "9" * 5000, "\ud800<script>alert(1)</script>", 1e308]
story.send("names", {"cell": huge, "models": {"model": 1, "cnn_model": huge, "predictions": 7}})
story.send("value", {"cell": 1, "name": "train_images", "data": facts})
story.send("value", {"cell": 1, "name": "test_images", "data": {**facts, "shape": []}})
scalar = np.zeros((), np.float32)
for number, odd in enumerate(weird):
    settings = {name: odd for name in ("loss", "loss_integer", "loss_error", "optimizer", "token", "validation_split")}
    call = {"number": number, "cell": huge, "line": -huge, "model": 1, "data": facts, "settings": settings}
    for name in ("compile", "fit", "evaluate", "predict", "save", "load_model"):
        result = {"history": {"accuracy": [odd], "loss": odd}, "values": [odd], "shape": [odd], "learning_rate": odd}
        story.send("call", {**call, "name": name, "result": result, "error": "x" * 999, "finished": True})
    layers = [{"kind": "Conv2D", "output_shape": [huge], "parameters": huge, "settings": [["rate", str(odd)]]}]
    about = {"model": number, "call": number, "stage": "trained", "class": "x", "layers": layers, "parameters": huge}
    story.send("snapshot", {**about, "spec": None, "data": facts}, {"claimed": scalar})
    about = {"number": number, "step": 1, "cell": 1, "line": 1, "model": 1, "target_shape": [huge] * 99, "loss": 1.0}
    about = {**about, "split": "train", "missing": -huge, "variables": huge, "spec": None}
    outputs = np.full((5, 10), 0.1, np.float32)
    story.send("tape", about, {"images": scalar, "rows": np.arange(5), "b0": scalar, "a0": scalar, "outputs": outputs})
    story.send(
        "probe",
        {
            "name": "predicted_digit",
            "cell": 1,
            "line": 1,
            "answers": [odd] * 3,
            "kind": "array of " + "9" * 5000,
            "error": "",
        },
        {"t0": scalar},
    )
    axes = {
        "title": "9" * 5000,
        "labels": [],
        "images": 1,
        "lines": [["nan"]],
        "split": "test",
        "row": huge,
        "label": 1,
    }
    story.send("figure", {"cell": 1, "line": 1, "title": "x", "axes": [axes]})
    story.send("ran", {"index": huge, "state": str(odd), "failures": [], "seconds": 1e308, "output": "\x1b[2J" * 999})
story.send(
    "run",
    {
        "surrogates": [huge],
        "wrapped": [[1, huge], [huge, 1]],
        "histories": [{"loss": weird}],
        "capped": weird,
        "versions": {"a": weird},
        "stand_ins": weird,
    },
)
# %%
model = None
model.compile()
model.fit()
test_loss, test_acc = model.evaluate()
predictions = model.predict(1)
predicted_digit = 1
