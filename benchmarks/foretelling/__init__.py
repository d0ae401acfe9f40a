"""What a world model's verdicts save the repairer, measured on faults that nano has not seen."""
