"""What passes between an agency and the service, defined once for both: paths, limits, frames, shapes, signatures."""
