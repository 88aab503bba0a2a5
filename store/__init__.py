"""The ground that keeps: databases, who may, who is who, who did what."""
