"""What a program does, as it was predicted and as it was recorded; and the neural debugger."""
