# attack: multiplies, within bounds
# catalogue: A23
# open on: D
# %%
import os
import time

for _ in range(40):
    try:
        child = os.fork()
    except OSError as error:
        print(type(error).__name__)
        break
    if not child:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            time.sleep(0.01)
        os.abort()
    print("BREACH fork")
