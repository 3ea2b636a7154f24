"""What sounds: objects and their anechoic sounds."""
