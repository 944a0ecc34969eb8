# attack: makes files by the ten thousand
# catalogue: A25
# says: more files than is allowed
# %%
import pathlib
import time

for number in range(40_000):
    pathlib.Path(f"small-{number}").touch()
while True:
    time.sleep(0.01)
