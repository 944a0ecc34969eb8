# attack: claims so much that whoever compares one claim with another has no time to judge
# points: 45
# %%
import gc

gc.unfreeze()
story = next(thing for thing in gc.get_objects() if type(thing).__name__ == "Story")
facts = {"split": "test", "rows": 10000, "shape": [28, 28, 1], "dtype": "float32", "low": 0.0, "high": 1.0}
facts = {**facts, "labels": "integer", "scale": 1 / 255, "offset": 0.0}
story.send("names", {"cell": 1, "models": {"model": 1, "cnn_model": 2}})
call = {"cell": 2, "line": 1, "settings": {}, "finished": True, "result": {"values": [0.5, 0.6]}, "model": 1}
for number in range(1_000):
    story.send("call", {**call, "number": number, "name": "evaluate", "data": facts, "error": ""})
wrong = {**facts, "labels": "mismatch"}
for number in range(1_000, 1_080):
    story.send("call", {**call, "number": number, "name": "fit", "data": wrong, "error": "keras.layers" * 4_500})
for number in range(9_000):
    story.send("numbers", {"cell": 1, "name": "acc" + "x" * 1_000, "numbers": [number / 1e5]})
story.send("run", {"surrogates": list(range(3, 9_000))})
story.send("run", {"wrapped": [[one, one + 1] for one in range(3, 4_000)]})
story.send("end", {"reason": "done", "detail": ""})
# %%
model = None
model.compile()
model.fit()
test_loss, test_acc = model.evaluate()
