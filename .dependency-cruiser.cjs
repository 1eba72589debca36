// Holds the architecture: who may import whom. Each rule says why in its comment.
const DOMAIN = '^services/[^/]+/domain/';
module.exports = {
  forbidden: [
    {
      name: 'services-stay-apart',
      comment: 'A service is deployed alone; it knows another one only through its proto.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/([^/]+)/', pathNot: '^services/$1/' },
    },
    {
      name: 'shared-knows-no-service',
      comment: 'shared/ is used by every service, so it may know none.',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^(services|cli|test)/' },
    },
    {
      name: 'services-know-no-tool',
      comment: 'A deployed service contains neither the command line nor test support.',
      severity: 'error',
      from: { path: '^services/' },
      to: { path: '^(cli|test)/' },
    },
    {
      name: 'domain-is-pure',
      comment:
        'domain/ imports its own folder and the pure saga rules, so given/when/then needs nothing else.',
      severity: 'error',
      from: { path: DOMAIN },
      to: { pathNot: [DOMAIN, '^shared/saga/saga-state\\.ts$', '^shared/journal/decision\\.ts$'] },
    },
    {
      name: 'driver-stays-below',
      comment: 'Only the journal and the connection know that the database is MongoDB.',
      severity: 'error',
      from: { path: '^(shared|services|cli)/', pathNot: '^shared/(journal|mongo)/' },
      to: { path: 'node_modules/(mongodb|bson)/' },
    },
    {
      name: 'through-the-door',
      comment: 'A shared folder is used through its index.ts, so its inside can change.',
      severity: 'error',
      from: { path: '^(services|cli)/' },
      to: {
        path: '^shared/(journal|idempotency|saga|rpc|mongo|processes|runtime|service)/',
        pathNot: '/index\\.ts$|^shared/saga/saga-state\\.ts$|^shared/journal/decision\\.ts$',
      },
    },
    {
      name: 'simulator-stands-alone',
      comment:
        'It stands for a provider that is somebody else: it knows nothing of ours, and nothing of ours knows it.',
      severity: 'error',
      from: { path: '^provider-simulator/' },
      to: { path: '^(services|cli|test|shared)/', pathNot: '^shared/runtime/' },
    },
    {
      name: 'nothing-knows-the-simulator',
      comment: 'The adapter must not differ between it and the real provider.',
      severity: 'error',
      from: { path: '^(services|shared)/' },
      to: { path: '^provider-simulator/' },
    },
    {
      name: 'provider-stays-behind-its-port',
      comment: "Only the adapter knows the provider's SDK.",
      severity: 'error',
      from: { pathNot: '^(services/payment/provider|test)/' },
      to: { path: 'node_modules/stripe/' },
    },
    {
      name: 'no-circles',
      comment: 'A circle of imports has no first file to read.',
      severity: 'error',
      from: { pathNot: '^shared/gen/' },
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nothing imports is either an entry point or dead.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: [
          '^test/',
          '^cli/',
          '^services/[^/]+/main\\.ts$',
          '^provider-simulator/main\\.ts$',
          '^shared/gen/',
          '\\.d\\.ts$',
          '\\.cjs$',
        ],
      },
      to: {},
    },
    {
      name: 'declared-dependencies-only',
      comment: 'What is imported is pinned in package.json.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // TypeScript 7 has no parser that dependency-cruiser could use.
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
