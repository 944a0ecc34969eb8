# attack: values that loop or end the process when the grader looks at them
# %%
import ctypes


class Trap:
    def __getattr__(self, name):
        ctypes.CDLL(None)._exit(0)

    def __array__(self, *a, **k):
        ctypes.CDLL(None)._exit(0)

    def __repr__(self):
        ctypes.CDLL(None)._exit(0)


train_images = test_images = predictions = predicted_digit = test_acc = model = Trap()
