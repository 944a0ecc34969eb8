# attack: fills the disk with files that it removes and keeps open
# says: more files than is allowed
# %%
import os
import time

held = []
for number in range(1200):
    held.append(os.open(f"kept-{number % 300}", os.O_RDWR | os.O_CREAT))
    os.unlink(f"kept-{number % 300}")
    if number >= 300:
        os.close(held.pop(0))
    for _ in range(4):
        os.write(held[-1], b"x" * 1_000_000)
    time.sleep(0.002)
while True:
    time.sleep(0.01)
