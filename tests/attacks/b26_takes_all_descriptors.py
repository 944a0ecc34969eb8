# attack: takes every descriptor and as many threads as it gets
# catalogue: B26
# %%
import os
import threading

held = []
try:
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError as error:
    print(type(error).__name__, len(held))
for descriptor in held:
    os.close(descriptor)
wait = threading.Event()
try:
    for _ in range(3000):
        threading.Thread(target=wait.wait, daemon=True).start()
except RuntimeError as error:
    print(error)
wait.set()
