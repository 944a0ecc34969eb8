# attack: fills the disk with many files
# catalogue: A25
# says: more files than is allowed
# %%
import pathlib
import time

for number in range(1200):
    pathlib.Path(f"fill-{number}").write_bytes(b"x" * 1_000_000)
    time.sleep(0.002)
print("BREACH disk")
