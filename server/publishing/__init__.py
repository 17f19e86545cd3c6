"""From signed to published: witnesses asked, cosignatures gathered, checkpoints shown (docs/protocol.md, 9)."""
