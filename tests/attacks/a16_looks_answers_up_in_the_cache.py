# attack: reads the labels from the data set in the grader's cache
# catalogue: A16
# open on: C, D
# %%
import pathlib

try:
    print(pathlib.Path("@MNIST@").read_bytes()[:200].decode("latin-1"))
except OSError as error:
    print(type(error).__name__)
