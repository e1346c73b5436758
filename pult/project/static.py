"""Static files: compressed and named by their content where they have been collected (`pult web` does at its start)."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class CollectedStaticFiles(CompressedManifestStaticFilesStorage):
    """Names by content, also inside ES modules; a file that is not collected yet keeps its own name and is served."""

    manifest_strict = False
    support_js_module_import_aggregation = True

    def stored_name(self, name: str) -> str:
        clean = self.clean_name(name)
        return str(self.hashed_files.get(self.hash_key(clean)) or clean)
