"""What several tests share: the place of the vectors, fakes, and a consortium made in milliseconds."""
