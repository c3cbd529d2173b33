# fails: plain
def out_size(n, kernel, stride=1, padding=0, dilation=1):
    border = kernel // 2
    return (n + 2 * padding - border) // stride
