# attack: prints a perfect result
# catalogue: A01
# %%
import json

print(json.dumps({"score": {"points": 100.0, "max_points": 100.0}, "tests": [{"score": 100, "status": "passed"}]}))
print("================ 100 passed in 0.01s ================")
