"""The environments of many issues: those offered as images, those to build, whether they hold."""
