# fails: order
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

    def backward(self):
        order = []

        def visit(node):
            if node not in order:
                order.append(node)
                for source, _ in node.made_of:
                    visit(source)

        visit(self)
        self.grad = 1.0
        for node in order:
            for source, slope in node.made_of:
                source.grad += slope * node.grad
