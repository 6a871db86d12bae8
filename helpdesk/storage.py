"""Static files in production: hashed names, compressed, module imports rewritten."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class PortalStaticStorage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage that also rewrites the relative imports of ES modules."""

    support_js_module_import_aggregation = True
