"""Networks that look at pictures, under the names of torchvision's weights."""
