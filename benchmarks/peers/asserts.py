"""What an instructor asserts of each part, as other graders want it: code that looks at what the notebook left behind.

The same text for all of them. It is run behind the cell of its part, in the namespace of the notebook.
"""

from __future__ import annotations

_BUILT = """
def tested():
    network = {builder}()
    outputs = np.asarray(network(train_images[:8]))
    assert outputs.shape == (8, 10), "one output for each digit"
    assert np.allclose(outputs.sum(axis=1), 1, atol=1e-4), "probabilities add up to 1"
    assert network.count_params() == {parameters}, "the layers of the figure"
{more}
tested()
"""

_CONVOLUTIONS = """
    convolutions = [layer for layer in network.layers if isinstance(layer, tf.keras.layers.Conv2D)]
    assert [layer.filters for layer in convolutions] == [24, 36], "24 and 36 filters"
    assert all(layer.activation.__name__ == "relu" for layer in convolutions), "ReLU on both"
"""

_COMPILED = """
def tested():
    assert {network}.optimizer is not None, "an optimizer"
    loss = {network}.loss
    name = getattr(loss, "name", None) or getattr(loss, "__name__", None) or loss
    assert "crossentropy" in str(name), "cross-entropy"
"""

_ACCURATE = """
def accurate():
    digits = np.argmax({network}.predict(test_images, verbose=0), axis=1)
    assert np.mean(digits == test_labels) > {share}, "the network has learnt"

accurate()
"""

_EVALUATED = """
assert {share} < float(test_acc) <= 1, "accuracy on the test images"
assert 0 < float(test_loss) < 1, "loss on the test images"
"""

ASSERTS = {
    "fc_build": _BUILT.format(builder="build_fc_model", parameters=101_770, more=""),
    "fc_compile": _COMPILED.format(network="model") + "\ntested()\n" + _ACCURATE.format(network="model", share=0.9),
    "fc_evaluate": _EVALUATED.format(share=0.9),
    "cnn_build": _BUILT.format(builder="build_cnn_model", parameters=124_670, more=_CONVOLUTIONS),
    "cnn_compile": _COMPILED.format(network="cnn_model") + "\ntested()\n",
    "cnn_fit": _ACCURATE.format(network="cnn_model", share=0.97),
    "cnn_evaluate": _EVALUATED.format(share=0.97),
    "prediction": "assert int(prediction) == int(test_labels[0]), 'the digit of the first test image'\n",
    "gradient_tape": 'assert len(grads) == 8, "a gradient for each weight"\n'
    'assert all(grad is not None for grad in grads), "of the loss"\n'
    + _ACCURATE.format(network="cnn_model", share=0.9),
}
"""The asserts of each part."""
