-- Weights cannot be compressed.
ALTER TABLE bundle_parts ALTER COLUMN bytes SET STORAGE EXTERNAL;
