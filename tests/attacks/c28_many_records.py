# attack: makes records by the million
# %%
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
while True:
    model.compile(loss="mse")
