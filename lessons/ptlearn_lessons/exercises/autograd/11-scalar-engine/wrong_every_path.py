# fails: paths
class Value:
    """A number that remembers how it was made."""

    def __init__(self, data, made_of=()):
        self.data = data
        self.grad = 0.0
        self.made_of = made_of  # pairs: a Value, d(self)/d(it)

    def __add__(self, other):
        pairs = ((self, 1.0), (other, 1.0))
        return Value(self.data + other.data, pairs)

    def __mul__(self, other):
        pairs = ((self, other.data), (other, self.data))
        return Value(self.data * other.data, pairs)

    def backward(self, grad=1.0):
        self.grad += grad
        for source, slope in self.made_of:
            source.backward(slope * grad)
