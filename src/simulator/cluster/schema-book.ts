/**
 * What `kubectl explain` tells of the kinds that people explain: one type each, one line a field, `name type words`.
 * A type is string, integer, boolean, object, map (of texts), another type of the book, or a list of one: `Container[]`.
 * Fields that are not here exist all the same; a schema with gaps refuses nothing.
 */
export const schemaBook: Readonly<Record<string, { readonly says: string; readonly fields: string }>> = {
  ObjectMeta: {
    says: 'What every object has to be found, grouped and kept by.',
    fields: `
      name string The name, unique in its namespace for the kind.
      generateName string The beginning of a name that the server completes.
      namespace string The namespace that the object is in.
      labels map What selectors choose by.
      annotations map What tools note about the object.
      finalizers string[] Who must be done before a deletion is completed.
      ownerReferences OwnerReference[] The objects that this one goes with.
      uid string Unique over time; filled in by the server.
      resourceVersion string The version of the last change; a write that names an older one is a conflict.
      generation integer How often what is wanted has changed.
      creationTimestamp string When it was created.
      deletionTimestamp string When its deletion was asked for.
      managedFields object[] Which manager owns which fields.`,
  },
  OwnerReference: {
    says: 'An object that this one goes with.',
    fields: `
      apiVersion string The owner's version.
      kind string The owner's kind.
      name string The owner's name.
      uid string The owner's uid.
      controller boolean Whether the owner manages this object.
      blockOwnerDeletion boolean Whether the owner waits for it when deleted in the foreground.`,
  },
  LabelSelector: {
    says: 'Chooses objects by their labels.',
    fields: `
      matchLabels map Labels that an object must have, with their values.
      matchExpressions object[] Conditions on labels.`,
  },
  PodSpec: {
    says: 'What a pod is to run, and how.',
    fields: `
      containers Container[] The containers that run beside each other.
      initContainers Container[] Containers that run one after another before.
      volumes Volume[] What containers may mount.
      restartPolicy string Always, OnFailure or Never.
      serviceAccountName string Whom the pod acts as.
      nodeName string The node that it runs on.
      terminationGracePeriodSeconds integer How long it may take to end.
      imagePullSecrets object[] Secrets with which images are pulled.`,
  },
  Container: {
    says: 'One program in a pod, with its image.',
    fields: `
      name string The name, unique in the pod.
      image string The image to run.
      command string[] The program, in place of the image's own.
      args string[] Its arguments.
      env EnvVar[] Environment variables.
      envFrom object[] Secrets and config maps whose keys become variables.
      ports ContainerPort[] Ports that it listens on.
      volumeMounts VolumeMount[] Where volumes are mounted.
      resources object What it asks for, and its limits.
      workingDir string The folder that it starts in.
      stdin boolean Whether it keeps its input open.
      tty boolean Whether it has a terminal.`,
  },
  EnvVar: {
    says: 'An environment variable.',
    fields: `
      name string Its name.
      value string Its value.
      valueFrom object Where its value is taken from.`,
  },
  ContainerPort: {
    says: 'A port that a container listens on.',
    fields: `
      containerPort integer Its number.
      name string Its name.
      protocol string TCP, UDP or SCTP.`,
  },
  VolumeMount: {
    says: 'Where a volume is mounted.',
    fields: `
      name string The volume's name.
      mountPath string The path in the container.
      readOnly boolean Whether it may not be written to.`,
  },
  Volume: {
    says: 'What containers may mount.',
    fields: `
      name string The name, unique in the pod.
      secret object A secret, as files.
      configMap object A config map, as files.
      emptyDir object A folder that lives as long as the pod.
      persistentVolumeClaim object Storage that outlives the pod.`,
  },
  PodTemplateSpec: {
    says: 'The pods that are made of it.',
    fields: `
      metadata ObjectMeta Their labels and annotations.
      spec PodSpec What they are to run.`,
  },
  PodStatus: {
    says: 'How a pod is doing.',
    fields: `
      phase string Pending, Running, Succeeded, Failed or Unknown.
      podIP string Its address.
      containerStatuses object[] How each container is doing.
      conditions object[] What is true of it.`,
  },
  DeploymentSpec: {
    says: 'What a deployment is to keep running.',
    fields: `
      replicas integer How many pods there are to be; 1 unless said.
      selector LabelSelector Which pods are its own; does not change.
      template PodTemplateSpec The pods that it makes.
      strategy object How old pods are replaced by new ones.
      paused boolean Whether changes are not rolled out.
      progressDeadlineSeconds integer After how long a rollout counts as stuck.
      revisionHistoryLimit integer How many old replica sets are kept.`,
  },
  DeploymentStatus: {
    says: 'How far a deployment is.',
    fields: `
      observedGeneration integer The last generation that was acted on.
      replicas integer How many pods there are.
      updatedReplicas integer How many of them are of the present template.
      readyReplicas integer How many are ready.
      availableReplicas integer How many have been ready long enough.
      conditions object[] What is true of it.`,
  },
  DeploymentConfigSpec: {
    says: 'What a deployment config is to keep running.',
    fields: `
      replicas integer How many pods there are to be.
      selector map Which pods are its own.
      template PodTemplateSpec The pods that it makes.
      strategy object How it is rolled out, with its hooks.
      triggers object[] What starts a rollout.
      paused boolean Whether nothing starts one.`,
  },
  JobSpec: {
    says: 'Work that is to be done once.',
    fields: `
      completions integer How often it is to succeed.
      parallelism integer How many pods may run at a time.
      backoffLimit integer How often it may fail.
      template PodTemplateSpec The pods that do it.`,
  },
  ServiceSpec: {
    says: 'An address for pods.',
    fields: `
      selector map Which pods answer.
      ports ServicePort[] The ports that it offers.
      type string ClusterIP, NodePort, LoadBalancer or ExternalName.
      clusterIP string Its address.`,
  },
  ServicePort: {
    says: 'A port that a service offers.',
    fields: `
      port integer Its number.
      targetPort object The pods' own port, by number or name.
      protocol string TCP, UDP or SCTP.
      name string Its name.`,
  },
  RouteSpec: {
    says: 'A host name that leads to a service.',
    fields: `
      host string The host name.
      path string The path that it is for.
      to object The service.
      port object The service's port.
      tls object Where encryption ends.
      wildcardPolicy string None or Subdomain.`,
  },
  APIManagerSpec: {
    says: 'The 3scale that is to be installed.',
    fields: `
      wildcardDomain string The domain below which all hosts are; taken once.
      tenantName string The first tenant; 3scale unless said.
      system object The portals, their database and files.
      backend object The listener, worker and cron.
      apicast object The gateways.
      zync object What makes routes.
      externalComponents object Which databases are elsewhere.
      highAvailability object As externalComponents, in old releases.`,
  },
  RHMISpec: {
    says: 'The RHOAM that is to be installed.',
    fields: `
      type string managed-api or multitenant-managed-api.
      namespacePrefix string How its namespaces begin.
      routingSubdomain string The domain of its routes; set once.
      useClusterStorage string "true" or "false": databases in the cluster or at AWS.
      alertingEmailAddress string Who is notified.`,
  },
}

/** The types of the `spec` and `status` of a kind, where the book has them. */
export const typesOfKind: Readonly<Record<string, { readonly spec?: string; readonly status?: string }>> = {
  Pod: { spec: 'PodSpec', status: 'PodStatus' },
  Deployment: { spec: 'DeploymentSpec', status: 'DeploymentStatus' },
  DeploymentConfig: { spec: 'DeploymentConfigSpec' },
  Job: { spec: 'JobSpec' },
  Service: { spec: 'ServiceSpec' },
  Route: { spec: 'RouteSpec' },
  APIManager: { spec: 'APIManagerSpec' },
  RHMI: { spec: 'RHMISpec' },
}
