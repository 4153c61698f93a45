"""The clauses of the published plan, word for word as printed. The page is fixed, so this list is complete."""

from enum import StrEnum


class Clause(StrEnum):
    """A sentence of the plan that a decision quotes; the value is the quotation."""

    UNLIMITED_SUPPORT = (
        "Un support illimité*, de l'aide et des conseils à propos de l'ensemble de nos produits et solutions "
        "(installation, réglages, configuration et utilisation des logiciels)."
    )
    FAILING_SOLUTIONS = (
        "De l'aide concernant les défaillances de solution, par exemple les gabarits existants, le mappage de données, "
        "les configurations de workflow et la programmation concernant les produits d'Objectif Lune(OL), fonctionnant "
        "dans l'environnement pour lequel ils ont été mis au point."
    )
    UNEXPECTED_BEHAVIOUR = (
        "Correction d'un comportement inattendu pour les fonctions documentées et les messages d'erreur."
    )
    UPDATES = "Mises à jour et mises à niveau des logiciels."
    OL_LEARN = "Accès à OL Learn, les ressources de formation en ligne d'OL"
    PRICE = "Le prix d'OL Care est basé sur un pourcentage de la valeur totale de votre licence, y compris les options."
    COMPULSORY_FIRST_YEAR = "OL Care est obligatoire la première année avec l'achat d'une licence perpétuelle."
    YEARLY_RENEWAL = "Vous pouvez ensuite renouveler votre OL Care chaque année."
    SUBSCRIPTION_LICENCE = "Si vous achetez une licence d'abonnement, OL Care est inclus pour la période couverte."
    HOW_TO_GET_SUPPORT = (
        "Vous pouvez communiquer avec l'équipe de support technique d'OL Care soit par téléphone, soit en générant un "
        "ticket de support en ligne."
    )
    RENEW_WITH = "Communiquez avec votre revendeur ou avec l'équipe OL Care de votre régions."
    YEARLY_PROGRAMME = "Non, le programme OL Care est un programme annuel."
    NO_PAY_PER_CALL = (
        "Non. Vous ne pouvez pas. Nous offrons un programme annuel qui vous permet de téléphoner autant que vous le "
        "voulez et d'avoir accès à nos experts pendant aussi longtemps que vous en avez besoin."
    )
    MISUSE = "l'utilisation des produits par le client d'une manière pour laquelle ils ne sont pas conçus"
    NEGLIGENCE = (
        "la négligence, l'utilisation malveillante, l'adaptation ou l'apport de modifications aux produits de la part "
        "du client ou d'un tiers"
    )
    TWO_NEWEST_VERSIONS = "au delà des deux versions produits les plus récentes"
    OTHER_LANGUAGES = (
        "des scripts personnalisés en langages autres que PressTalk, JavaScript, VBScript, JQuery, CSS ou HTML."
    )
    RESPONSE = "Dès que vous générez un billet à OL Care, vous recevrez une réponse par courriel ou par téléphone."
    WITHIN_TWO_HOURS = "En 2 heures"
    WITHIN_FOUR_HOURS = "En 4 heures"
    OPENING_HOURS = "Durant les heures d'ouverture du soutien local."
    URGENCY = (
        "En cas d'urgence, nous vous recommandons fortement de créer un billet par téléphone, ce qui accélérera le "
        "temps de réponse."
    )
    NOT_COVERED = "Vous pouvez communiquer avec votre revendeur ou avec l'équipe OL Care de votre région."
    DEARER = "Gardez en tête que le coût d'un nouvel abonnement est supérieur à celui d'un renouvellement."
    NOT_SIGNING = (
        "Si vous ne voulez plus faire partie de OL Care, il vous suffit de ne pas signer le formulaire de "
        "renouvellement lorsque le temps est venu de renouveler l'abonnement."
    )
    NO_LIMIT = (
        "Il n'y a pas de limite. Vous pouvez téléphoner aussi souvent que nécessaire, nous sommes là pour vous aider."
    )
    PROFESSIONAL_SERVICES = (
        "Non. Les services professionnels ne sont pas compris dans l'abonnement OL Care. Nos services professionnels "
        "vous seront facturés en tant que service ajouté."
    )
    TRAINING = (
        "Oui. Vous avez un accès illimité à OL Learn, notre centre de formation en ligne, ainsi qu'à notre tribune et "
        "au centre de ressources. Vous pouvez bien entendu acheter des services de formation additionnels."
    )
    PUBLIC_HOLIDAYS = "sauf les jours fériés"
