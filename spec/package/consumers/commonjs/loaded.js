// What a service on memory loads with the package: nothing that it does not use.
const { createCache } = require('holdfast')

async function main() {
  const cache = createCache({ logger: false })
  await cache.set('role:admin', { may: 'all' }, 60_000)
  const role = await cache.get('role:admin')
  await cache.close()
  const packages = Object.keys(require.cache).map(
    (file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1],
  )
  console.log(JSON.stringify({ role, packages: [...new Set(packages)].filter(Boolean).sort() }))
}

main()
