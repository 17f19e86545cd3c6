"""What Sealtrace costs, each figure beside the limit that the same machine shows in the same run."""
