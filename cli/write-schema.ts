/** `npm run schema`: writes docs/manifest.schema.json, for editors, from the schema that is enforced. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { manifestJsonSchema } from '../src/adapter/manifest/kinds.ts'

const FILE = path.resolve(import.meta.dirname, '../docs/manifest.schema.json')
writeFileSync(FILE, `${JSON.stringify(manifestJsonSchema(), null, 2)}\n`)
