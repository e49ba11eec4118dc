import { useSharedDatabases } from './database.ts'

await useSharedDatabases()
