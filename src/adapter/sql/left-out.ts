/**
 * Stands in the bundle (`alias` in wrangler.toml) for certificates of AWS, which `mysql2` brings along: the
 * platform's are believed, and no others can be.
 */
export {}
